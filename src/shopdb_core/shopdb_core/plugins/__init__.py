"""Find, load and check the plugins; what each of them declares and collects."""
