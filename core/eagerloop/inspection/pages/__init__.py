"""What the pages are drawn with: HTML that escapes by default, heat maps, histograms, charts, a style and two small scripts."""
