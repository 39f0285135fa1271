"""What browsers need: their cookies and forms, and the headers of answers to them."""
