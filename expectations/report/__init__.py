"""The report which analysts read: figures by pandas, charts as inline SVG, one page that needs nothing else."""
