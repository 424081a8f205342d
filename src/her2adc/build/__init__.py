"""How the book is built: the plan, the pages, the front matter, the site."""
