"""Answers for assistants over the Model Context Protocol, each with the ids of its rows."""
