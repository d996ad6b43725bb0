"""What is measured, side by side with what people use today. Each ends with one line of JSON."""
