"""What a model or a library rests on, in words; what two models differ in; what to cite."""
