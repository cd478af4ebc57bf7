"""A walled garden, rendered on the CPU from the rays of a control tensor."""
