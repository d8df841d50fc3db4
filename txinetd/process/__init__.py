"""
Server programs: what they are started with, how they are started, and how their
end is noticed.
"""
