"""The event store in Elasticsearch, 8.14 and newer: data streams that Kibana can read, too."""
