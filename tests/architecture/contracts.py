"""The import-linter contract of the pure floors: an allow-list, with additions per package."""

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PureContract(Contract):
    """`packages` of the root import nothing outside the root but `allowed`, plus, below
    `allowed_in`'s "package: module" lines, that module."""

    # import-linter turns the declared fields into values of the types named here
    packages: Any = fields.SetField(subfield=fields.StringField())
    allowed: Any = fields.SetField(subfield=fields.StringField())
    allowed_in: Any = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        root = str(self.session_options["root_packages"][0])
        extra = [line.split(": ") for line in self.allowed_in or ()]
        wrong: list[str] = []
        for package in sorted(self.packages):
            top = f"{root}.{package}"
            for module in sorted({top, *graph.find_descendants(top)}):
                allowed = set(self.allowed) | {
                    name for where, name in extra if f"{module}.".startswith(f"{root}.{where}.")
                }
                for imported in sorted(graph.find_modules_directly_imported_by(module)):
                    outside = imported.partition(".")[0]
                    if outside != root and outside not in allowed:
                        wrong.append(f"{module} imports {imported}")
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        wrong: Any = check.metadata["wrong"]
        for line in wrong:
            output.print_error(line)
