"""Names of businesses in several scripts, made of a kind and a proper name, and the odd ones a remote really sends."""

from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any


@dataclass(frozen=True)
class Script:
    """One way of naming a business."""

    weight: int  # how often, against the others
    pattern: str  # of {kind}, {name} and {place}
    kinds: list[str]
    names: list[str]
    places: list[str]


SCRIPTS = [
    Script(
        weight=34,
        pattern="{kind} {name} {place}",
        kinds=["Toko", "Klinik", "Warung", "Apotek", "Bengkel", "Koperasi", "PT", "CV", "Salon", "Rumah Makan"],
        names=[
            "Melati",
            "Sehat",
            "Sumber Rejeki",
            "Maju Jaya",
            "Berkah",
            "Cahaya",
            "Anggrek",
            "Nusantara",
            "Mitra Abadi",
        ],
        places=["Bandung", "Surabaya", "Yogyakarta", "Medan", "Makassar", "Denpasar", "Semarang", "Bogor"],
    ),
    Script(
        weight=30,
        pattern="{name} {kind} {place}",
        kinds=[
            "Bakery",
            "Dental Care",
            "Logistics",
            "Florist",
            "Garage",
            "Yoga Studio",
            "Optics",
            "Bookshop",
            "Hardware",
        ],
        names=[
            "Fischer",
            "Núñez",
            "O'Brien",
            "Łukasik",
            "Ångström",
            "Dupont",
            "Yılmaz",
            "Nguyễn",
            "van der Berg",
            "Smith",
        ],
        places=["Berlin", "Málaga", "Cork", "Łódź", "Malmö", "Nîmes", "İzmir", "Hà Nội", "Utrecht", "Leeds"],
    ),
    Script(
        weight=7,
        pattern="{kind} {name} {place}",
        kinds=["مخبز", "صيدلية", "مكتبة", "عيادة", "متجر"],
        names=["النور", "الأمل", "الياسمين", "السلام", "الفجر"],
        places=["القاهرة", "دبي", "بيروت", "عمّان"],
    ),
    Script(
        weight=5,
        pattern="{kind} {name} {place}",
        kinds=["מאפיית", "מרפאת", "חנות", "סטודיו"],
        names=["הגליל", "שלום", "הדר", "כרמל"],
        places=["חיפה", "תל אביב", "ירושלים"],
    ),
    Script(
        weight=7,
        pattern="{place}{name}{kind}",
        kinds=["有限公司", "药房", "书店", "餐厅", "诊所"],
        names=["福源", "永兴", "明珠", "瑞祥", "东方"],
        places=["北京", "上海", "广州", "成都"],
    ),
    Script(
        weight=6,
        pattern="{place}{name}{kind}",
        kinds=["株式会社", "カフェ", "歯科", "書店", "クリニック"],
        names=["さくら", "ひまわり", "山田", "みどり", "サンライズ"],
        places=["東京", "大阪", "京都", "札幌"],
    ),
    Script(
        weight=6,
        pattern="{kind} «{name}» {place}",
        kinds=["Аптека", "Пекарня", "Магазин", "Клиника", "Автосервис"],
        names=["Ромашка", "Вишиванка", "Рассвет", "Зоря", "Берёзка"],
        places=["Київ", "Алматы", "София", "Минск"],
    ),
    Script(
        weight=5,
        pattern="{kind}{name} {place}",
        kinds=["ร้าน", "คลินิก", "ครัว", "ร้านขายยา"],
        names=["ดอกไม้", "สุขใจ", "ริมน้ำ", "ทองดี"],
        places=["กรุงเทพฯ", "เชียงใหม่", "ภูเก็ต"],
    ),
]
_WEIGHTS = list(accumulate(script.weight for script in SCRIPTS))
_EMOJI = ["🌸", "🍜", "☕️", "👩🏽‍⚕️", "🛠️", "🇮🇩"]


def invent_name(rng: Random) -> str:
    """An ordinary business name; one in forty wears an emoji."""
    script = rng.choices(SCRIPTS, cum_weights=_WEIGHTS)[0]
    name = script.pattern.format(
        kind=rng.choice(script.kinds), name=rng.choice(script.names), place=rng.choice(script.places)
    )
    return f"{rng.choice(_EMOJI)} {name}" if rng.random() < 0.025 else name


@dataclass(frozen=True)
class Corner:
    """A customer that is there on purpose.

    ``accounts`` are account statuses ("onboarding" has no number); ``links`` are link statuses, oldest first.
    """

    name: str
    status: str = "active"
    email: str | None = "owner@corner.example"
    metadata: dict[str, Any] | None = None
    accounts: list[str] = field(default_factory=lambda: ["connected"])
    links: list[str] = field(default_factory=lambda: ["consumed"])


_DEEP = {"level": {"level": {"level": {"level": {"level": ["at", {"the": "bottom"}]}}}}}
CORNERS = [
    Corner("Toko Melati", metadata={"external_ref": "crm-1042"}, links=["expired", "revoked", "consumed"]),
    Corner("Klinik Sehat", "pending", email=None, accounts=["onboarding"], links=["active"]),
    Corner("Sunset Travel", "suspended", metadata={"reason": "unpaid", "since": "2025-01-31"}),
    Corner("Closed Corner Shop", "archived", links=["revoked"]),
    Corner("Sixty Links Ltd", "pending", accounts=[], links=["expired", "revoked"] * 29 + ["active"] * 2),
    Corner("L" + "o" * 197 + "ng", metadata={"note": "x" * 2000}),
    Corner("مخبز النور في شارع الحمراء الطويل جدا", metadata={"المدينة": "بيروت", "فروع": 3}),
    Corner("מאפיית הגליל (סניף ראשי) Ltd.", metadata={"עיר": "חיפה"}),
    Corner("北京福源有限公司", metadata={"城市": "北京", "備考": "重要顧客"}),
    Corner("株式会社さくら ㈱", metadata={"担当": "山田 太郎"}),
    Corner("Аптека «Ромашка»", metadata={"город": "Алматы"}),
    Corner("ร้านดอกไม้ริมน้ำ", metadata={"จังหวัด": "เชียงใหม่"}),
    Corner("👩🏽‍⚕️ Dr. Núñez 🏳️‍🌈 & família 👨‍👩‍👧‍👦", metadata={"🎂": "🎉"}),
    Corner("=cmd|' /C calc'!A0", metadata={"formula": "=1+1", "phone": "+6281200000001"}),
    Corner("@SUM(1+1)*cmd", "suspended", metadata={"-": "-2+3"}),
    Corner("<b>Bold & Brave</b><script>alert(1)</script>", metadata={"html": "<img src=x onerror=alert(1)>"}),
    Corner("\"Quoted\" 'n' `Ticked` \\ Sons; DROP TABLE customers;--", metadata={"quote\"d 'key'": '"'}),
    Corner("Link Farm", metadata={"website": "javascript:alert(1)", "url": "https://example.com/?a=1&b=2"}),
    Corner("Numbers & Co", metadata={"int": 42, "big": 2**53 + 1, "float": 0.1, "negative": -3, "zero": 0}),
    Corner("True or False", metadata={"vip": True, "spam": False, "unset": None}),
    Corner("Lists Unlimited", metadata={"tags": ["a", 1, None, True, {"k": []}], "empty": [], "": "empty key"}),
    Corner("Deep Pockets", metadata=_DEEP),
    Corner("Nothing to Say", metadata={}),
    Corner("No Mail, No Data", "pending", email=None, accounts=[], links=[]),
    Corner("Many Numbers", accounts=["connected", "disconnected", "degraded", "onboarding"]),
    Corner("Under Review", accounts=["pending_display_name_review"]),
    Corner("Archived With Account", "archived", accounts=["disconnected"], metadata={"archived_because": "merged"}),
    Corner("A", email="a@b.co", metadata={"k": "v"}),
    Corner("Zero\u200bWidth\u202eRightToLeft\u202c", metadata={"zwj": "\u200d"}),
    Corner("Waiting Room", "pending", accounts=["onboarding", "onboarding"], links=["expired", "active"]),
]
