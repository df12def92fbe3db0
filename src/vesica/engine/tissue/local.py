"""Tables in a numbering of their own: only the values that they use, so that few are held for each lane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vesica.engine.tables import Tables

Index = NDArray[np.int64]


def compact(tables: Tables, first: Index) -> tuple[Index, Tables]:
    """Places of the values that tables use, those of ``first`` before others, and the tables in this numbering."""
    first = np.asarray(list(dict.fromkeys(first.tolist())), dtype=np.int64)
    used = np.unique(np.concatenate([tables.args, tables.out, tables.factors, tables.watched, tables.pools]))
    places = np.concatenate([first, used[~np.isin(used, first)]])
    to = np.full(int(places.max(initial=0)) + 1, -1, dtype=np.int64)
    to[places] = np.arange(places.size)
    return places, replace(tables, pools=to[tables.pools], args=to[tables.args], out=to[tables.out],
                           factors=to[tables.factors], watched=to[tables.watched])


def needed(tables: Tables, wanted: Index) -> NDArray[np.bool_]:
    """(kernel,) whether some wanted value rests on it."""
    known = set(wanted.tolist())
    found = np.zeros(tables.out.size, dtype=bool)
    ends = [*tables.first[1:].tolist(), tables.args.size]
    for k in range(tables.out.size - 1, -1, -1):
        found[k] = int(tables.out[k]) in known
        if found[k]:
            known.update(tables.args[tables.first[k]:ends[k]].tolist())
    return found


def meeting(mine: Index, places: Index) -> tuple[Index, Index]:
    """Rows of mine that are among places, and where."""
    row = {int(place): k for k, place in enumerate(places)}
    rows = np.array([k for k, place in enumerate(mine.tolist()) if place in row], dtype=np.int64)
    return rows, np.array([row[int(mine[k])] for k in rows], dtype=np.int64)
