# -*- test-case-name: tests.test_config_systemd_words -*-
"""
The format of systemd.socket(5).
"""
