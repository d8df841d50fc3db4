"""
Speed, against the real peers, side by side: C{python -m benchmarks --help}.
"""
