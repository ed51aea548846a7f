from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("backoffice", "0014_exports_notifications")]

    operations = [
        migrations.AlterModelOptions(
            name="remotewrite",
            options={
                "ordering": ("-planned_at", "-id"),
                "permissions": [
                    ("settle_remotewrite", "Can settle an unknown write by hand"),
                    ("preview_remotewrite", "Can see the exact request before it is sent"),
                ],
                "verbose_name": "write",
            },
        )
    ]
