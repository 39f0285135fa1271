"""The submissions that were refused lately."""
