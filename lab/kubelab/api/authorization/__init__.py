"""What users may do: attributes of a request, rules, roles and bindings, and the decision."""
