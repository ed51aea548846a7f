"""What the made-up shop sells, who it sells to, and where its goods lie."""

from typing import NamedTuple


class Good(NamedTuple):
    """One thing for sale."""

    sku: str
    description: str
    hs_code: str
    grams: int


GOODS = (
    Good("MUG-BLK-300", "Mug black 300 ml", "69120085", 340),
    Good("MUG-WHT-300", "Mug white 300 ml", "69120085", 340),
    Good("MUG-GRN-450", "Mug sea green 450 ml", "69120085", 420),
    Good("TEAPOT-1L", "Teapot glass 1 l", "70134919", 780),
    Good("TEAPOT-CI-08", "Teapot cast iron 0.8 l", "73239100", 1650),
    Good("TEA-EG-100", "Earl Grey 100 g", "09023000", 120),
    Good("TEA-SEN-100", "Sencha 100 g", "09021000", 120),
    Good("TEA-ROO-250", "Rooibos vanilla 250 g", "12119086", 275),
    Good("COF-ETH-500", "Coffee Ethiopia, beans 500 g", "09012100", 520),
    Good("COF-DEC-250", "Coffee decaf, ground 250 g", "09012200", 265),
    Good("FILT-PAPER-100", "Paper filters no. 4, 100 pieces", "48232000", 150),
    Good("KETTLE-GN-1L", "Gooseneck kettle 1 l", "73239300", 900),
    Good("GRIND-HAND", "Hand grinder steel", "82100000", 650),
    Good("SCALE-2KG", "Kitchen scale 2 kg", "84231010", 430),
    Good("SPOON-SET-6", "Tea spoons, set of 6", "82159910", 210),
    Good("TRAY-OAK-40", "Serving tray oak 40 cm", "44199000", 1100),
    Good("CLOTH-LIN-2", "Tea towels linen, 2 pieces", "63025300", 190),
    Good("GIFT-BOX-M", "Gift box medium", "48191000", 160),
    Good("HONEY-ACA-350", "Acacia honey 350 g", "04090000", 560),
    Good("STROOP-TIN", "Stroopwafels in a tin", "19053299", 480),
)
POSITIONS = tuple(
    f"{aisle}{rack}.{shelf:02}"
    for aisle, rack, shelf in zip("AAAAABBBBBCCCCCDDDDD", "11233" * 4, range(4, 44, 2), strict=True)
)
"""Where each of GOODS lies in the first location, in walking order."""

LOCATIONS = (
    ("Warehouse Groningen", "Industrieweg", 21, "9727AA", "Groningen"),
    ("Store Utrecht", "Oudegracht", 188, "3511NP", "Utrecht"),
    ("Returns Zwolle", "Hanzelaan", 95, "8017JE", "Zwolle"),
)


class Person(NamedTuple):
    """Somebody who orders."""

    given: str
    infix: str | None
    family: str
    street: str
    house: int
    postal_code: str
    city: str
    country: str = "NL"
    organisation: str | None = None


PEOPLE = (
    Person("Sanne", "de", "Vries", "Kerkstraat", 12, "9712AB", "Groningen", organisation="Theehuis Noord B.V."),
    Person("Omar", None, "Bakker", "Lange Nieuwstraat", 4, "3512PH", "Utrecht"),
    Person("Fleur", "van den", "Berg", "Zeeweg", 230, "2051EC", "Overveen"),
    Person("Youssef", "el", "Amrani", "Maasboulevard", 17, "3011AC", "Rotterdam"),
    Person("Anneke", None, "Jansen", "Dorpsstraat", 3, "7811JM", "Emmen"),
    Person("Bram", None, "Mulder", "Stationsplein", 1, "8011CW", "Zwolle", organisation="Hotel Hanze"),
    Person("Lotte", None, "Visser", "Prinsengracht", 745, "1017JX", "Amsterdam"),
    Person("Daan", "van", "Dijk", "Brink", 9, "7411BR", "Deventer"),
    Person("Femke", None, "Hoekstra", "Nieuwestad", 64, "8911CT", "Leeuwarden"),
    Person("Joost", "ter", "Horst", "Oldenzaalsestraat", 310, "7523AG", "Enschede"),
    Person("Elif", None, "Yılmaz", "Kanaalstraat", 88, "3531CM", "Utrecht"),
    Person("Pieter", None, "Claes", "Meir", 50, "2000", "Antwerpen", "BE"),
    Person("Marie", None, "Dubois", "Rue Neuve", 111, "1000", "Bruxelles", "BE", "Salon de thé Marie"),
    Person("Wout", None, "Peeters", "Veldstraat", 27, "9000", "Gent", "BE"),
    Person("Jonas", None, "Müller", "Schanzenstraße", 75, "20357", "Hamburg", "DE"),
    Person("Katharina", None, "Weiß", "Ludwigstraße", 8, "80539", "München", "DE", "Teeladen Weiß GmbH"),
    Person("Łukasz", None, "Nowak", "Oranienstraße", 183, "10999", "Berlin", "DE"),
    Person("Amélie", None, "Rousseau", "Rue de Rivoli", 96, "75004", "Paris", "FR"),
    Person("Kees", None, "Smit", "Haven", 14, "1131EP", "Volendam"),
    Person("Noor", None, "Kuipers", "Markt", 40, "5611EB", "Eindhoven"),
    Person("Thijs", "de", "Graaf", "Singel", 5, "6511BH", "Nijmegen"),
    Person("Ingrid", None, "Postma", "Waagplein", 2, "8501BC", "Joure"),
    Person("Samuel", None, "O'Neill", "Vijzelstraat", 32, "1017HL", "Amsterdam"),
    Person("Mei", None, "Chen", "Kalverstraat", 201, "1012XC", "Amsterdam", organisation="Chen Catering"),
    Person("Roos", None, "Willems", "Grote Markt", 1, "2011RD", "Haarlem"),
    Person("Gerrit", None, "Boersma", "Hoofdweg", 501, "9765CE", "Paterswolde"),
    Person("Sofie", None, "Maes", "Bondgenotenlaan", 69, "3000", "Leuven", "BE"),
    Person("Hannah", None, "Schmidt", "Königsallee", 30, "40212", "Düsseldorf", "DE"),
    Person("Tim", "van der", "Meer", "Vismarkt", 22, "9711KR", "Groningen"),
    Person("Nadia", None, "Haddad", "Coolsingel", 105, "3012AG", "Rotterdam"),
)


class Carrier(NamedTuple):
    """One shipping method."""

    code: str
    name: str
    grams: int
    prices: dict[str, int]  # country -> cents
    at_point: bool = False
    provider: str = "sendcloud"
    is_enabled: bool = True


CARRIERS = (
    Carrier("postnl", "PostNL standard", 23_000, {"NL": 695, "BE": 895, "DE": 1095}),
    Carrier("dhl", "DHL service point", 20_000, {"NL": 545, "BE": 745}, at_point=True),
    Carrier("ups", "UPS Express Saver", 70_000, {"NL": 1495, "BE": 1595, "DE": 1695, "FR": 1995}),
    Carrier("pickup", "Pick up in store", 100_000, {"NL": 0}, provider="default"),
    Carrier("dpd", "DPD classic (contract ended)", 31_500, {"NL": 625}, is_enabled=False),
)
COLLEAGUES = (
    "65499856-fd85-401d-b264-c752e6ad8880",
    "7893e3e6-5fea-4f81-a99c-1272cff6cb9a",
    "2b1f6a04-9d0e-4c57-8f36-5a9e41c7d2b3",
)
"""User ids that lists are assigned to."""
