"""The makers behind `benchmarks/non_photographs.py`: one module a family of pictures."""
