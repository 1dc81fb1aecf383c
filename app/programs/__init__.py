"""What supervisord runs, and how the programs talk: the only place that builds objects of several rooms."""
