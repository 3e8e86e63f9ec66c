"""CSV and XLSX tables: columns that drift, encodings, units in brackets; and a folder watched for them."""
