"""Reports as one HTML file that needs no network: tables, and plots as inline SVG."""
