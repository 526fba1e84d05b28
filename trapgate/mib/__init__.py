"""Names for numbers: what MIB modules say of OIDs and values, as a flat index of facts.

`facts` is the file format, `index` the lookups, `instance` reads table indexes out of names,
`rendering` turns values into text (`hint`, `address`, `date` are its parts, `visible` keeps it on
one line). Pure: `app` reads the files.
"""

from trapgate.mib.index import MibIndex, ResolvedNotification, ResolvedVariable
from trapgate.mib.rendering import render
from trapgate.mib.visible import visible

__all__ = ["MibIndex", "ResolvedNotification", "ResolvedVariable", "render", "visible"]
