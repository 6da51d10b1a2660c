"""WHAT A LETTER SAYS: plain text in English or Spanish, with one link or one code, and nothing of anybody."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """An e-mail, ready to be sent."""

    to: str
    subject: str
    text: str


_ABOUT = {
    "en": {
        "referral.requested": ("A referral is waiting for your answer", "Somebody was referred to {name}."),
        "referral.message": ("A message about a referral", "There is a message about a referral to {name}."),
        "referral.reminder": ("A referral still waits for your answer", "A referral to {name} still has no answer."),
        "referral.cancelled": ("A referral was cancelled", "A referral to {name} was cancelled."),
    },
    "es": {
        "referral.requested": ("Una derivación espera su respuesta", "Se derivó a una persona a {name}."),
        "referral.message": ("Un mensaje sobre una derivación", "Hay un mensaje sobre una derivación a {name}."),
        "referral.reminder": (
            "Una derivación aún espera su respuesta",
            "Una derivación a {name} sigue sin respuesta.",
        ),
        "referral.cancelled": ("Se canceló una derivación", "Se canceló una derivación a {name}."),
    },
}
_LINK = {
    "en": """{about}

Open this link to see what is needed and to answer:

{link}

The link is for {name} alone: please do not forward it. To see who the person is, you will be
sent a code at this same address.
""",
    "es": """{about}

Abra este enlace para ver qué se necesita y para responder:

{link}

El enlace es solo para {name}: por favor, no lo reenvíe. Para ver quién es la persona, se le enviará
un código a esta misma dirección.
""",
}
_CONFIRM = {
    "en": (
        "Please confirm this address for referrals",
        """{name} has asked that referrals be sent to this address.

If that is right, confirm it within seven days by this link:

{link}

If you know nothing of it, do nothing: no referral will come here.
""",
    ),
    "es": (
        "Confirme esta dirección para recibir derivaciones",
        """{name} ha pedido que se envíen derivaciones a esta dirección.

Si es correcto, confírmelo dentro de siete días con este enlace:

{link}

Si no sabe nada de esto, no haga nada: aquí no llegará ninguna derivación.
""",
    ),
}
_CODE = {
    "en": (
        "Your code",
        """{code}

This code opens one referral for ten minutes. Nobody will ever ask you for it by telephone.
If you did not ask for it, do nothing.
""",
    ),
    "es": (
        "Su código",
        """{code}

Este código abre una derivación durante diez minutos. Nadie se lo pedirá nunca por teléfono.
Si usted no lo pidió, no haga nada.
""",
    ),
}


def write_about_referral(type: str, *, to: str, language: str, name: str, link: str) -> Letter:
    """Write that something happened to a referral; `name` is the organization that is written to."""
    tongue = _tongue(language)
    subject, about = _ABOUT[tongue][type]
    return Letter(to, subject, _LINK[tongue].format(about=about.format(name=name), link=link, name=name))


def write_confirmation(*, to: str, language: str, name: str, link: str) -> Letter:
    """Ask the holder of an address whether referrals may be sent to it."""
    subject, text = _CONFIRM[_tongue(language)]
    return Letter(to, subject, text.format(name=name, link=link))


def write_code(*, to: str, language: str, code: str) -> Letter:
    """Send a code."""
    subject, text = _CODE[_tongue(language)]
    return Letter(to, subject, text.format(code=code))


def _tongue(language: str) -> str:
    return "es" if language.partition("-")[0] == "es" else "en"
