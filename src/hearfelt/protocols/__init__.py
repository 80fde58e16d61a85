"""Who trains, who validates and who is tested: protocols, their file, and the check that nothing leaks."""
