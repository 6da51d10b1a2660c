"""When something is open, as HSDS has it: the parts of an RRULE."""

import marshmallow as ma

from resource_api.api.schemas.record import RecordSchema, one_of, uri, uuid, words


class ScheduleSchema(RecordSchema):
    """Times at which something is open."""

    service_id = uuid()
    location_id = uuid()
    service_at_location_id = uuid()
    valid_from = words()
    valid_to = words()
    dtstart = words()
    timezone = ma.fields.Float(metadata={"description": "UTC offset in hours, where it never changes."})
    timezone_name = words("IANA time zone (our profile).")
    until = words()
    count = ma.fields.Float()
    wkst = one_of("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    freq = one_of("WEEKLY", "MONTHLY")
    interval = ma.fields.Float()
    byday = words()
    byweekno = words()
    bymonthday = words()
    byyearday = words()
    description = words()
    opens_at = words()
    closes_at = words()
    schedule_link = uri()
    attending_type = words()
    notes = words()
