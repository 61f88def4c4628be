"""The way to the model's provider: a proxy that alone knows the credential, and one socket for each worker."""
