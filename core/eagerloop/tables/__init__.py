"""Reading tables of text: CSV, TSV and their kin. No part of the engine needs to know how; `eagerloop.read_table` is the door."""
