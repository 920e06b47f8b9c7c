"""Pages that look across rooms. They read only; every act belongs to the room it is about."""
