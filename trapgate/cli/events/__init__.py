"""`trapgate events`: the stored events, searched, followed, shown and exported."""
