"""What became of submissions: counts of each day, and what was refused lately."""
