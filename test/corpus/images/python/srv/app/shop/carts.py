import sqlite3
import uuid


def add():
    cart = str(uuid.uuid4())
    with sqlite3.connect("/var/lib/app/carts.db", timeout=10) as db:
        db.execute("CREATE TABLE IF NOT EXISTS cart (id TEXT)")
        db.execute("INSERT INTO cart VALUES (?)", (cart,))
    return cart + "\n"
