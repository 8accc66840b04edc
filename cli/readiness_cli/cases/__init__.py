"""Cases: what a verdict rests on, as a file that names nobody and can be judged again."""
