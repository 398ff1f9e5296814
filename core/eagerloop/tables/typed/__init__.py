"""Files whose cells have types: Parquet, SQLite, NumPy, JSON lines. Each becomes a text, which is read as any table is."""
