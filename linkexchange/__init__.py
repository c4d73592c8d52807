"""From an entry in the patient's record to the images in one's own PACS."""
