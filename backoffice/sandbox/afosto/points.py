"""Service points of carriers: made up around the place that is asked for, the same each time."""

from typing import Any

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.refusal import not_found

_SHOPS = (
    ("Bookshop De Hoek", "Voorbeeldstraat", 12),
    ("Kiosk Noord", "Voorbeeldplein", 3),
    ("Tuincentrum Zuid", "Eikenlaan", 140),
    ("Supermarkt Centrum", "Marktstraat", 7),
    ("Fietsenmaker Jansen", "Stationsweg", 31),
)
_COUNTRIES = {"NL": ("NLD", 528), "BE": ("BEL", 56), "DE": ("DEU", 276)}
_CARRIERS = ("postnl", "dhl", "dpd", "ups")
_FIRST = 201_984


def points_near(carrier: str, country: str | None, postal_code: str | None) -> list[Body]:
    """The points of a carrier, the nearest first; none in a country where it has none. Raises Refusal (404)."""
    country = country or "NL"
    if carrier not in _CARRIERS:
        raise not_found("carrier")
    if country not in _COUNTRIES:
        return []
    numbers = range(len(_SHOPS))
    return [
        {"distance": 480 + 650 * number, "point": _point(carrier, country, number, postal_code)} for number in numbers
    ]


def point(carrier: str, point_id: str, country: str | None) -> Body:
    """One point. Raises Refusal (404)."""
    for hit in points_near(carrier, country or point_id[:2], None):
        its: Body = hit["point"]
        if its["id"] == point_id:
            return its
    raise not_found("service point")


def dpd_points_near(country: str | None, postal_code: str | None) -> Body:
    """DPD's points in its own shape."""
    country = country or "NL"
    if country not in _COUNTRIES:
        return {"parcelShop": []}
    return {"parcelShop": [_dpd_point(country, number, postal_code) for number in range(len(_SHOPS))]}


def dpd_point(point_id: str) -> Body:
    """One of DPD's, in the same shape as several. Raises Refusal (404)."""
    found = [its for its in dpd_points_near(point_id[:2], None)["parcelShop"] if its["pudoId"] == point_id]
    if not found:
        raise not_found("service point")
    return {"parcelShop": found}


def _point(carrier: str, country: str, number: int, postal_code: str | None) -> Body:
    name, street, house = _SHOPS[number]
    return {
        "id": f"{country}-{_FIRST + number}",
        "name": name,
        "carrier": carrier,
        "latitude": round(53.2184 + number / 250, 4),
        "longitude": round(6.5671 + number / 300, 4),
        "address": {
            "country_code": country,
            "administrative_area": None,
            "locality": "Groningen",
            "dependent_locality": None,
            "postal_code": postal_code or "9712AB",
            "sorting_code": None,
            "address_line_1": f"{street} {house}",
            "address_line_2": None,
            "thoroughfare": street,
            "premise_number": house,
            "premise_number_suffix": None,
            "organisation": name,
            "given_name": None,
            "additional_name": None,
            "family_name": None,
        },
        "openings": [
            {"weekday": 1, "windows": [{"start": "09:00", "end": "18:00"}]},
            {"weekday": 6, "windows": [{"start": "10:00", "end": "17:00"}]},
        ],
    }


def _dpd_point(country: str, number: int, postal_code: str | None) -> dict[str, Any]:
    name, street, house = _SHOPS[number]
    code, country_number = _COUNTRIES[country]
    return {
        "parcelShopId": 52_011 + number,
        "pudoId": f"{country}{52_011 + number}",
        "company": name,
        "street": street,
        "houseNo": str(house),
        "country": code,
        "countryNum": country_number,
        "zipCode": postal_code or "9712AC",
        "city": "Groningen",
        "town": "Groningen",
        "phone": "+31500000000",
        "fax": "",
        "email": "kiosk@example.com",
        "homepage": "https://kiosk.example.com",
        "latitude": round(53.219 + number / 250, 4),
        "longitude": round(6.57 + number / 300, 4),
        "coordinateX": 0,
        "coordinateY": 0,
        "coordinateZ": 0,
        "distance": 480 + 650 * number,
        "expressPickupTime": "16:00",
        "extraInfo": "",
        "openingHours": [
            {
                "weekday": "Monday",
                "openMorning": "09:00",
                "closeMorning": "12:00",
                "openAfternoon": "13:00",
                "closeAfternoon": "18:00",
            }
        ],
        "services": [{}],
    }
