"""What staff can do with Kirim's objects, the same for every door: a service for each kind."""

from customers.services.accounts import AccountService
from customers.services.customers import CustomerService
from customers.services.links import NewLink, SetupLinkService

__all__ = ["AccountService", "CustomerService", "NewLink", "SetupLinkService"]
