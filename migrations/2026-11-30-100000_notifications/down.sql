DROP TABLE notification_marks;
DROP TABLE notification_streaks;
DROP TABLE notification_ends;
DROP TABLE notification_messages;
DROP TABLE notification_rules;
DROP TABLE notification_channels;
DELETE FROM settings WHERE name = 'notified_until';
