"""Organizations as the Research Organization Registry (ROR) knows them, and which of them a printed name means."""
