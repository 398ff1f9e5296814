"""What a user chose: settings and options, and where a part of that name is found."""
