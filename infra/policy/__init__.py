"""The checks as policies of Pulumi, and Azure's own policies evaluated without Azure."""
