"""Theme tokens, texts, basin facts: data that travels with the package."""
