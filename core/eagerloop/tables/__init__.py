"""Reading tables of text, such as CSV and TSV: the engine need not know how. `eagerloop.read_table` is the door."""
