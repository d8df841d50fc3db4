"""
Tests with real processes, clients and servers.
"""
