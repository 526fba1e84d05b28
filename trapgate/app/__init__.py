"""The composition root: reads files, builds everything, supervises the processes.

The only room that names concrete classes. `trapgate check` and `trapgate run` share one build
path: `files` reads, `settings` types, `build` composes.
"""
