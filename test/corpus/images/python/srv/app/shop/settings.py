import configparser

current = {}


def load():
    parser = configparser.ConfigParser()
    parser.read(["/etc/app/shop.ini"])
    current.update(parser["shop"])
