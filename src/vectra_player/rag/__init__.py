"""Ask it: passages made of the knowledge base and of recordings, indexed, and found again.

Everything here is derived: deleting `chroma/` costs time and nothing else. Called by `cli`,
`mcp` and the dashboard; reaches no source and no trade. `retrieve.Retriever` answers questions,
`build.build_index` makes the index, `status.index_status` says how it stands.
"""
