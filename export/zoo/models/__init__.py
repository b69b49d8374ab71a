"""The zoo's networks, a file for each origin: addresses, hashes, licences, input contracts."""
