DROP TABLE webhook_actions;
