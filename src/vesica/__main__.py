"""``python -m vesica`` is the command ``vesica``."""

from vesica.cli.app import entry

if __name__ == "__main__":
    entry()
