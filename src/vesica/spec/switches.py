"""Contested choices: which option of each switch is in use, and what it puts in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vesica.library import Library
from vesica.spec.model import ModelSpec, SwitchSpec
from vesica.spec.quantities import Given, Notes
from vesica.spec.resolved import Switch
from vesica.spec.vocabulary import AFFINITY

LOADING = "loading"  # the switch a measured cargo brings along, or the model words itself
LOADING_OPTIONS = {
    "measured": "the treatment changes the loading into vesicles as measured",
    "unselective": "the treatment changes vesicles only as far as it changes the cell",
}


def choose(spec: ModelSpec, library: Library, overrides: Mapping[str, str], notes: Notes) -> tuple[Switch, ...]:
    """Every switch with its option: the caller's, or the model's, or the library's default."""
    found: dict[str, Switch] = {}
    for name, item in library.switches.items():
        if item.only_in and spec.domain.kind not in item.only_in:
            continue
        options = {option.name: option.says for option in item.options.values()}
        found[name] = Switch(name, item.default, options, item.label, item.source)
    if spec.measured is not None and spec.measured.cargo:
        found[LOADING] = Switch(LOADING, "unselective", LOADING_OPTIONS, "what the measured change of vesicles means",
                                "given in the model", True)
    for name, use in spec.switches.items():
        if isinstance(use, SwitchSpec):
            if name in found and name != LOADING:  # a model with measurements may word this one itself
                notes.add("error", f"switches.{name}", f"`{name}` is already a switch", "a name means one thing",
                          "two choices would be taken for one", "choose another name")
                continue
            options = {option: content.says for option, content in use.options.items()}
            found[name] = Switch(name, use.use, options, use.label or name, use.source, use.structure)
            _check_option(name, use.use, found[name], f"switches.{name}.use", notes)
        elif name not in found:
            notes.unknown(f"switches.{name}", "switch", name, found, "the choice would change nothing")
        elif _check_option(name, use, found[name], f"switches.{name}", notes):
            found[name] = _with_choice(found[name], use)
    for name, option in overrides.items():
        if name not in found:
            notes.unknown(f"--switch {name}", "switch", name, found, "the choice would change nothing")
        elif _check_option(name, option, found[name], f"--switch {name}", notes):
            found[name] = _with_choice(found[name], option)
    return tuple(found[name] for name in sorted(found))


def _with_choice(switch: Switch, option: str) -> Switch:
    return Switch(switch.name, option, switch.options, switch.label, switch.source, switch.is_structure)


def _check_option(name: str, option: str, switch: Switch, place: str, notes: Notes) -> bool:
    if option in switch.options:
        return True
    notes.unknown(place, f"option of switch `{name}`", option, switch.options, "neither choice would be made")
    return False


def library_layer(switches: Sequence[Switch], library: Library, likes: Mapping[str, str]) -> dict[str, Given]:
    """Numbers that the chosen options of the library put in place, whether the model has such a parameter or not.

    Parameters
    ----------
    likes : mapping
        Cell types of the model: the one of the library that each is like.
    """
    layer: dict[str, Given] = {}
    for switch in switches:
        if switch.name in library.switches:
            option = library.switches[switch.name].options.get(switch.chosen)
            for path, entry in (option.parameters if option else {}).items():
                given = Given(f"@{entry}", f"library:switch.{switch.name}.{switch.chosen}")
                layer |= dict.fromkeys(_of_library(path, likes), given)
    return layer


def _of_library(path: str, likes: Mapping[str, str]) -> list[str]:
    """``*`` stands for every cell type, and a name for every cell type like it."""
    owner, _, name = path.partition(".")
    names = [name]
    if name.startswith(AFFINITY):
        names = [f"{AFFINITY}{cell}" for cell, like in likes.items() if like == name.removeprefix(AFFINITY)]
    return [f"{cell}.{one}" for cell, like in likes.items() if owner in ("*", like) for one in names]


def own_layer(spec: ModelSpec, switches: Sequence[Switch]) -> list[tuple[str, Given]]:
    """Numbers that the chosen options of the model's own switches put in place, by path as written."""
    layer = []
    for switch in switches:
        use = spec.switches.get(switch.name)
        if isinstance(use, SwitchSpec) and switch.chosen in use.options:
            for path, text in use.options[switch.chosen].parameters.items():
                place = f"switches.{switch.name}.options.{switch.chosen}.parameters.{path}"
                layer.append((path, Given(text, place)))
    return layer


def other_options(spec: ModelSpec, switches: Sequence[Switch]) -> list[tuple[str, Given]]:
    """Numbers of options that are not chosen, so that they can be checked, too."""
    layer = []
    for switch in switches:
        use = spec.switches.get(switch.name)
        if isinstance(use, SwitchSpec):
            for option, content in use.options.items():
                if option != switch.chosen:
                    place = f"switches.{switch.name}.options.{option}.parameters"
                    layer += [(path, Given(text, f"{place}.{path}")) for path, text in content.parameters.items()]
    return layer


def expand(path: str, cells: Sequence[str]) -> list[str]:
    """``*.escape_rate`` for every cell type."""
    return [f"{cell}{path[1:]}" for cell in cells] if path.startswith("*.") else [path]
