"""What every resource is built on: the path of a request, parameters, answers, problems."""
