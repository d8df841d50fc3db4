"""
Tests for L{txinetd}.
"""
