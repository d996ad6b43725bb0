"""What operators see of the metrics in Grafana, written down once: panels, formulas, pages."""
