"""The OpenAI API in pure code: what a request means to the core, and what the core's events look like."""
