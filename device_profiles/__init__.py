"""What devices are and what they take: profiles (TOML), their schema, and the errors that every layer raises."""
